"""A recorded session read, shown, and held against another pump."""
