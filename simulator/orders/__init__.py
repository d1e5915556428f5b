"""What buyers bought: the orders behind the marketplaces' APIs, and how they move on."""
