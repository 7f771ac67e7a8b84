use proptest::prelude::*;

use super::*;

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const ZERO: &str = "0000000000000000000000000000000000000000";

#[test]
fn reads_every_kind_of_difference() {
    let raw = format!(
        ":000000 100644 {ZERO} {A} A\0new\n.txt\0:100644 000000 {A} {ZERO} D\0gone\0\
         :100644 100755 {A} {A} M\0run\0:100644 120000 {A} {B} T\0link\0:160000 160000 {A} {B} M\0sub\0"
    );
    let files = parse_raw_diff(raw.as_bytes()).unwrap();
    let shown: Vec<_> = files.iter().map(|f| (f.path.display(), f.status, f.old_mode, f.new_mode)).collect();
    assert_eq!(
        shown,
        [
            ("new\\n.txt".to_owned(), Status::Added, Mode::Absent, Mode::File),
            ("gone".to_owned(), Status::Deleted, Mode::File, Mode::Absent),
            ("run".to_owned(), Status::Modified, Mode::File, Mode::Executable),
            ("link".to_owned(), Status::TypeChanged, Mode::File, Mode::Symlink),
            ("sub".to_owned(), Status::Modified, Mode::Submodule, Mode::Submodule),
        ]
    );
    assert!(files[2].is_mode_only() && !files[3].is_mode_only());
    assert_eq!((&files[0].old, files[0].new.as_ref().map(Sha::as_str)), (&None, Some(A)));
}

#[test]
fn refuses_whatever_is_odd() {
    let ok = format!(":100644 100644 {A} {B} M\0f\0");
    assert!(parse_raw_diff(ok.as_bytes()).is_ok());
    for odd in [
        format!(":100644 100644 {A} {B} M\0f"),
        format!(":100644 100644 {A} {B} M\0"),
        format!(":100644 100644 {A} {B} M\0\0"),
        format!("100644 100644 {A} {B} M\0f\0"),
        format!(":100644 100644 {A} bbbbbbb M\0f\0"),
        format!(":100644 100644 {A} {B} R100\0f\0g\0"),
        format!(":100644 100644 {A} {B} M x\0f\0"),
        format!(":100648 100644 {A} {B} M\0f\0"),
        format!(":644 100644 {A} {B} M\0f\0"),
        format!(":100644 100644 {A} {B} A\0f\0"),
        format!(":000000 100644 {ZERO} {A} M\0f\0"),
        format!("{ok}{ok}"),
        format!("warning: something\0{ok}"),
    ] {
        assert!(parse_raw_diff(odd.as_bytes()).is_err(), "{odd:?}");
    }
}

#[test]
fn adds_up_lines() {
    let total = |stat: &Numstat| (stat.total.added, stat.total.deleted);
    assert_eq!(total(&parse_numstat(b"1\t2\ta\0" as &[u8]).unwrap()), (1, 2));
    let stat = parse_numstat(b"1\t2\ta\tb\x003\t0\tc\n4\t4\td\0").unwrap();
    assert_eq!(total(&stat), (4, 2));
    let file = |path: &[u8]| FileChange {
        path: RawPath::new(path),
        status: Status::Added,
        old_mode: Mode::Absent,
        new_mode: Mode::File,
        old: None,
        new: None,
        lines: Some(77),
    };
    let mut files = [file(b"c\n4\t4\td"), file(b"a\tb"), file(b"other")];
    stat.tell(&mut files);
    assert_eq!(files.map(|file| file.lines), [Some(3), Some(3), None], "what was not counted is not told");
    for odd in [&b"-\t-\tbinary\0"[..], b"1\t2\ta", b"1\t2\t\0", b"1\t2\0", b"+1\t2\ta\0", b"\0"] {
        assert!(parse_numstat(odd).is_err(), "{odd:?}");
    }
}

fn arbitrary_file() -> impl Strategy<Value = FileChange> {
    let path = prop::collection::vec(1_u8.., 1..12);
    let kind = prop::sample::select(vec![Mode::File, Mode::Executable, Mode::Symlink, Mode::Submodule]);
    let status =
        prop::sample::select(vec![Status::Added, Status::Deleted, Status::Modified, Status::TypeChanged]);
    (path, kind.clone(), kind, status, "[1-9a-f]{40}", "[1-9a-f]{64}").prop_map(
        |(path, a, b, status, x, y)| {
            let old = (status != Status::Added).then(|| (a, Sha::parse(&x).unwrap()));
            let new = (status != Status::Deleted).then(|| (b, Sha::parse(&y).unwrap()));
            FileChange {
                path: RawPath::new(path),
                status,
                old_mode: old.as_ref().map_or(Mode::Absent, |o| o.0),
                new_mode: new.as_ref().map_or(Mode::Absent, |n| n.0),
                old: old.map(|o| o.1),
                new: new.map(|n| n.1),
                lines: None,
            }
        },
    )
}

fn print(file: &FileChange) -> Vec<u8> {
    let mode = |mode| match mode {
        Mode::Absent => 0,
        Mode::File => 0o100_644,
        Mode::Executable => 0o100_755,
        Mode::Symlink => 0o120_000,
        Mode::Submodule => 0o160_000,
        Mode::Other(bits) => bits,
    };
    let oid = |sha: &Option<Sha>| sha.as_ref().map_or(ZERO.to_owned(), Sha::to_string);
    let letter = match file.status {
        Status::Added => 'A',
        Status::Deleted => 'D',
        Status::Modified => 'M',
        Status::TypeChanged => 'T',
    };
    let (old, new) = (mode(file.old_mode), mode(file.new_mode));
    let mut text =
        format!(":{old:06o} {new:06o} {} {} {letter}\0", oid(&file.old), oid(&file.new)).into_bytes();
    text.extend(file.path.as_bytes());
    text.push(0);
    text
}

proptest! {
    #[test]
    fn reads_back_what_git_would_print(
        files in prop::collection::btree_map("[a-z]{3}", arbitrary_file(), 0..6)
    ) {
        let files: Vec<_> = files.into_iter().map(|(prefix, file)| FileChange {
            path: RawPath::new([prefix.as_bytes(), file.path.as_bytes()].concat()), ..file
        }).collect();
        let printed: Vec<u8> = files.iter().flat_map(print).collect();
        prop_assert_eq!(parse_raw_diff(&printed).unwrap(), files.clone());
        // Cut anywhere inside an entry, it is never a shorter list that looks complete.
        let ends: Vec<usize> = files.iter().scan(0, |at, f| { *at += print(f).len(); Some(*at) }).collect();
        for cut in 1..printed.len() {
            prop_assert_eq!(parse_raw_diff(&printed[..cut]).is_ok(), ends.contains(&cut));
        }
    }

    #[test]
    fn is_total(bytes in prop::collection::vec(prop::sample::select(&b":100644 AMT\0\tab-\xff"[..]), 0..80)) {
        let _ = parse_raw_diff(&bytes);
        let _ = parse_numstat(&bytes);
    }
}
