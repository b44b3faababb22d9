"""What was trained, as files that others read: a LoRA adapter or a whole model for llama.cpp, or safetensors."""
