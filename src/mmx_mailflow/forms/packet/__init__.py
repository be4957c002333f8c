"""The packet that goes out, drawn by reportlab."""
