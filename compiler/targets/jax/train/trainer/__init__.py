"""What trains a model that was compiled to JAX: its data, its runs, its checkpoints."""
