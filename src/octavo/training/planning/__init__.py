"""What a training will take, before anything is loaded: operations, memory, time on this machine."""
