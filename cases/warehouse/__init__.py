"""The bridge to the warehouse: what an agent asks, what the shelf answers, and the reply that follows."""
