"""From data to a model that reads further: configuration of TRL, PEFT, transformers and accelerate."""
