"""Measurements, a room each by what is measured; ``make`` names the commands.

``speed``: one video, against ffmpeg and a plain script. ``quality``: how right the results are.
``load``: the API, search and job queue under load. ``fleet``: several workers, and processes that
are killed. ``gpu``: whether the GPU code works. They share ``ffmpeg``; ``screenshots`` makes the
README's pictures.
"""
