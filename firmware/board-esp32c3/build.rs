//! The HAL's own linker script puts everything where the chip wants it.

fn main() {
    println!("cargo:rustc-link-arg-bins=-Tlinkall.x");
}
