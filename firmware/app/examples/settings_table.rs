//! Settings table: the rows of docs/firmware.md, so that they are not written twice.

use smarty_app::settings::Name;

fn main() {
    for &name in Name::ALL {
        let default = if name.default().is_empty() { "" } else { &format!("`{}`", name.default()) };
        let secret = if name.is_secret() { " *Secret.*" } else { "" };
        println!("| `{}` | {default} | {}{secret} |", name.name(), name.about().trim());
    }
}
