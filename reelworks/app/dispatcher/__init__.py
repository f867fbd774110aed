"""The job dispatcher: claims jobs, starts their flow runs, recovers those whose lease expired."""
