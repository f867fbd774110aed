"""Frame description: OCR, controls and a vision-language model."""
