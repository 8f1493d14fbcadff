//! (room: load)
