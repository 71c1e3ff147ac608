//! The corpora, once each: what a target found once, it does not find again.

use std::{fs, path::Path};

fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    // The one that fails is the last that is named.
    paths.sort();
    assert!(!paths.is_empty(), "{target} has no corpus");
    for path in paths {
        println!("{}", path.display());
        run(&fs::read(path).unwrap());
    }
}

macro_rules! replays {
    ($($target:ident)*) => {$(
        #[test]
        fn $target() {
            replay(stringify!($target), super::$target);
        }
    )*};
}

replays!(frames polling packets commands jwt schema);
