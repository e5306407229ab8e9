//! Interfaces and ioctls.
