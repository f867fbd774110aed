"""GPU code: does it run on the GPU, with the same result, and how fast?"""
