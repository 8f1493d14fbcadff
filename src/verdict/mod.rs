//! (room: verdict)
