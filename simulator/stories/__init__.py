"""The stories: what buyers and marketplaces write, each a function that is told by seed."""

from simulator.stories import formal, languages, noise, product, shipping
from simulator.stories.registry import STORIES, Story

__all__ = ["STORIES", "Story", "formal", "languages", "noise", "product", "shipping"]
