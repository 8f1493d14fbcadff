//! (link)
#[derive(Debug)]
pub struct Link;
