"""The nouns: frozen values that the stages hand to one another. They know nothing of the stages."""
