//! Ring 0: the plain values that everything else is made of.
