use std::io::Write as _;

use super::*;

fn secret_file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn complete() -> (Flags, Vec<tempfile::NamedTempFile>) {
    let key = secret_file("a key");
    let secrets = secret_file("0123456789abcdef\n\nfedcba9876543210\n");
    let flags = Flags {
        app_id: Some(7),
        private_key_file: Some(key.path().to_owned()),
        webhook_secret_file: Some(secrets.path().to_owned()),
        ..Flags::default()
    };
    (flags, vec![key, secrets])
}

#[test]
fn several_secrets_are_live_while_rotating() {
    let (flags, _files) = complete();
    let settings = Settings::resolve(flags).unwrap();
    assert_eq!(settings.webhook_secrets.len(), 2);
    assert!(!format!("{settings:?}").contains("0123456789abcdef"));
    assert!(!format!("{settings:?}").contains("a key"));
}

#[test]
fn a_missing_setting_is_named_with_the_ways_to_give_it() {
    let (flags, _files) = complete();
    let error = Settings::resolve(Flags { app_id: None, ..flags }).unwrap_err().to_string();
    assert!(error.contains("github.app_id") && error.contains("PORTCULLIS_APP_ID"), "{error}");
}

#[test]
fn a_bad_address_is_named() {
    let (flags, _files) = complete();
    let error = Settings::resolve(Flags { listen: Some("8080".into()), ..flags }).unwrap_err().to_string();
    assert!(error.contains("`listen` is `8080`"), "{error}");
}

#[test]
fn a_short_secret_is_refused_and_not_shown() {
    let (flags, _files) = complete();
    let short = secret_file("hunter2");
    let flags = Flags { webhook_secret_file: Some(short.path().to_owned()), ..flags };
    let error = Settings::resolve(flags).unwrap_err().to_string();
    assert!(error.contains("webhook_secret") && !error.contains("hunter2"), "{error}");
}

#[test]
fn flags_go_before_the_file_and_unknown_keys_are_refused() {
    let (flags, _files) = complete();
    let file = secret_file("listen = \"127.0.0.1:1\"\nworkers = 3\n");
    let flags = Flags { config: Some(file.path().to_owned()), listen: Some("127.0.0.1:2".into()), ..flags };
    let settings = Settings::resolve(flags.clone()).unwrap();
    assert_eq!((settings.listen.port(), settings.workers), (2, 3));
    let wrong = secret_file("listem = \"127.0.0.1:1\"\n");
    let error = Settings::resolve(Flags { config: Some(wrong.path().to_owned()), ..flags }).unwrap_err();
    assert!(error.to_string().contains("listem"), "{error}");
}

#[test]
fn rules_stand_in_a_file_or_in_a_repository() {
    let rules = |text: &str| File::parse(text).unwrap().rules.unwrap().to_string();
    assert_eq!(rules("rules = \"gate.toml\""), "gate.toml");
    assert_eq!(rules("rules = { repository = \"acme/.portcullis\" }"), "acme/.portcullis/rules.toml");
    let error = File::parse("rules = { repo = \"acme/x\" }").unwrap_err().to_string();
    assert!(error.contains("{ repository = ") && error.contains("rules = { repo"), "{error}");

    let (flags, _files) = complete();
    let named = |repository: &str, path: Option<&str>| {
        let (rules, rules_repository) = (path.map(PathBuf::from), Some(repository.to_owned()));
        Settings::resolve(Flags { rules, rules_repository, ..flags.clone() })
            .map(|settings| settings.rules.to_string())
    };
    assert_eq!(named("acme/.portcullis", None).unwrap(), "acme/.portcullis/rules.toml");
    assert_eq!(named("acme/.portcullis", Some("gate/x.toml")).unwrap(), "acme/.portcullis/gate/x.toml");
    for (repository, path) in [("acme", None), ("acme/x", Some("/rules.toml")), ("acme/x", Some("a/../b"))] {
        let error = named(repository, path).unwrap_err().to_string();
        assert!(error.contains("`rules`"), "{error}");
    }
}

#[test]
fn a_flag_that_names_the_same_repository_keeps_what_the_file_says_of_it() {
    let file = |id| {
        Some(RulesAt::Repository(RulesRepository {
            repository: policy::RepoName::parse("acme/.portcullis").unwrap(),
            path: "prod/rules.toml".into(),
            id: Some(id),
        }))
    };
    let named = |name: &str| match rules_at(None, Some(name.to_owned()), file(3900)).unwrap() {
        RulesAt::Repository(at) => (at.path, at.id),
        RulesAt::File(_) => panic!("a repository was named"),
    };
    assert_eq!(named("Acme/.portcullis"), ("prod/rules.toml".to_owned(), Some(3900)));
    assert_eq!(named("acme/other"), ("rules.toml".to_owned(), None));
}
