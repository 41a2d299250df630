//! Slots: there are none; this machine's image comes from the host.

use smarty_app::Slots;

/// See the module.
pub(crate) struct NoSlots;

/// What every step of an update answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoSlot;

impl Slots for NoSlots {
    type Error = NoSlot;

    fn begin(&mut self, _: u32) -> Result<(), NoSlot> {
        Err(NoSlot)
    }
    fn write(&mut self, _: u32, _: &[u8]) -> Result<(), NoSlot> {
        Err(NoSlot)
    }
    fn read(&mut self, _: u32, _: &mut [u8]) -> Result<(), NoSlot> {
        Err(NoSlot)
    }
    fn finish(&mut self) -> Result<(), NoSlot> {
        Err(NoSlot)
    }
    fn confirm(&mut self) -> Result<(), NoSlot> {
        Ok(())
    }
    fn back(&mut self) -> Result<(), NoSlot> {
        Err(NoSlot)
    }
}
