//! (room: engine)
