"""The HTTP edge, where Litestar lives: who is let in, what is read, how answers are written."""
