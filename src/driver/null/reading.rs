//! The fields of a client's message, one after the other.

use super::conversation::Cut;

/// What is left of a message.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Cut> {
        let (field, rest) = self.0.split_first_chunk().ok_or(Cut)?;
        self.0 = rest;
        Ok(*field)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Cut> {
        self.take().map(|[byte]| byte)
    }

    pub(super) fn int(&mut self) -> Result<i32, Cut> {
        self.take().map(i32::from_be_bytes)
    }

    pub(super) fn oid(&mut self) -> Result<u32, Cut> {
        self.take().map(u32::from_be_bytes)
    }

    pub(super) fn count(&mut self) -> Result<usize, Cut> {
        self.take().map(|bytes| usize::from(u16::from_be_bytes(bytes)))
    }

    /// A count that is read again.
    pub(super) fn peek_count(&self) -> Result<usize, Cut> {
        Fields(self.0).count()
    }

    pub(super) fn skip(&mut self, bytes: usize) -> Result<(), Cut> {
        self.0 = self.0.get(bytes..).ok_or(Cut)?;
        Ok(())
    }

    /// Up to the next zero.
    pub(super) fn text(&mut self) -> Result<&'a [u8], Cut> {
        let end = self.0.iter().position(|byte| *byte == 0).ok_or(Cut)?;
        let text = &self.0[..end];
        self.0 = &self.0[end + 1..];
        Ok(text)
    }

    /// A length and as many bytes; −1 is NULL.
    pub(super) fn value(&mut self) -> Result<(), Cut> {
        match usize::try_from(self.int()?) {
            Ok(length) => self.skip(length),
            Err(_) => Ok(()),
        }
    }
}
