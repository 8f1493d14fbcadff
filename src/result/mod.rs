//! (room: result)
