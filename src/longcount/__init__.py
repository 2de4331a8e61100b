"""How far can a recurrent network count, why does it stop, and can it be made to count for ever?"""

__version__ = "0.1.0"
