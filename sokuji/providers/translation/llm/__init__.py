"""What all language models need that translate: prompts, and the checks of their answers."""
