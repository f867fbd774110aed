"""OpenAI and servers that speak its API: speech, embeddings and vision."""
