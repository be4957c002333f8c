"""What the operator looks at: health, checks, verification, logging."""
