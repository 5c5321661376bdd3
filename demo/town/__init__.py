"""A small town made by arithmetic alone: textures, houses, streets, light."""
