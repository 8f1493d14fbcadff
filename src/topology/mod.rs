//! (room: topology)
