//! Apart: a future that is polled in a frame of its own.
//!
//! The compiler puts what one future awaits into the same function, and that function's frame holds what any of it needs: the
//! handshake's kilobytes would lie on the stack during every message, and the messages' during the handshake.

use core::pin::Pin;
use core::task::{Context, Poll};

/// See the module: `Apart(pin!(future)).await`.
pub(crate) struct Apart<'a, F>(pub(crate) Pin<&'a mut F>);

impl<F: Future> Future for Apart<'_, F> {
    type Output = F::Output;

    #[inline(never)]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.0.as_mut().poll(context)
    }
}
