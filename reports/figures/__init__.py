"""The figures of the board, read in the caller's tenant_tx: a restricted member's are of their accounts."""
