//! Slots: where an update is written, and which of two images runs.

/// Two places for an image, of which one runs. What is written is an image that was proven before; the decision what
/// to write, and whether to go back, is the app's.
pub trait Slots {
    /// Why something could not be done, as the driver says it.
    type Error: core::fmt::Debug;

    /// Prepares the slot that does not run for an image of so many bytes.
    ///
    /// # Errors
    /// The image is longer than the slot, or the flash refuses.
    fn begin(&mut self, length: u32) -> Result<(), Self::Error>;

    /// Writes at this offset. Called in order, with whole pages of 4096 bytes except for the last.
    ///
    /// # Errors
    /// The flash refuses.
    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error>;

    /// Reads back what was written.
    ///
    /// # Errors
    /// The flash refuses.
    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error>;

    /// From the next start on the other slot runs.
    ///
    /// # Errors
    /// The flash refuses; the slot that runs stays.
    fn finish(&mut self) -> Result<(), Self::Error>;

    /// The image that runs is good, and stays.
    ///
    /// # Errors
    /// The flash refuses.
    fn confirm(&mut self) -> Result<(), Self::Error>;

    /// From the next start on the slot runs again that ran before.
    ///
    /// # Errors
    /// The flash refuses.
    fn back(&mut self) -> Result<(), Self::Error>;
}
