"""Everything kept between two beats, encrypted; the only home of SQLAlchemy."""
