use super::*;

/// One active character of each sort, and the name of the sort.
const ACTING: [(&str, &str); 14] = [
    ("escape sequence", "\u{1b}[2J"),
    ("bell", "\u{7}"),
    ("carriage return", "\r"),
    ("delete", "\u{7f}"),
    ("C1 sequence", "\u{9b}2J"),
    ("next line", "\u{85}"),
    ("override", "\u{202e}"),
    ("isolate", "\u{2066}"),
    ("mark", "\u{200f}"),
    ("zero width", "\u{200b}"),
    ("joiner", "\u{200d}"),
    ("line separator", "\u{2028}"),
    ("byte order mark", "\u{feff}"),
    ("tag", "\u{e0041}"),
];

fn acting(text: &str) -> Vec<char> {
    text.chars().filter(|c| acts(*c)).collect()
}

/// Characters of these that are still in the text: listed here, independently of the program's definition of an active character.
fn left<'a>(signs: &'a str, text: &'a str) -> Vec<char> {
    signs.chars().filter(|c| !c.is_ascii_graphic() && text.contains(*c)).collect()
}

#[test]
fn no_form_leaves_a_sign_that_acts() {
    for (sort, sign) in ACTING {
        let text = format!("a{sign}b");
        for (form, shown) in [
            ("line", line(&text).into_owned()),
            ("block", block(&text).into_owned()),
            ("styled", styled(&text).into_owned()),
            ("markdown", markdown(&text)),
            ("html", html(&text)),
            ("label", label(&text)),
            ("json", json(&text).unwrap()),
            ("Display", Foreign::new(&text).to_string()),
            ("Debug", format!("{:?}", Foreign::new(&text))),
        ] {
            assert!(acting(&shown).is_empty() && left(sign, &shown).is_empty(), "{form} of {sort}: {shown:?}");
            assert!(shown.contains('a') && shown.contains('b'), "{form} of {sort}: {shown:?}");
        }
    }
}

#[test]
fn a_value_in_a_line_cannot_begin_another_line() {
    let mut lines = Lines::default();
    let name = "x\nok everything is fine\r\n\u{2028}ok\u{85}ok";
    lines.put(format_args!("FAIL {name}"));
    assert_eq!(lines.text().lines().count(), 1);
    assert_eq!(lines.text(), "FAIL x ok everything is fine   ok ok\n");
}

#[test]
fn json_keeps_the_values_as_they_are() {
    for (sort, sign) in ACTING {
        let value = serde_json::json!({ sign: [format!("{sign}\n\\u{sign}\"")] });
        let text = json(&value).unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value, "{sort}");
    }
}

#[test]
fn markdown_means_nothing_but_itself() {
    for (text, shown) in [
        ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"),
        ("a|b", "a\\|b"),
        ("[x](javascript:y)", "\\[x\\](javascript:y)"),
        ("# no heading", "\\# no heading"),
        ("- no list", "\\- no list"),
        ("12. no list", "12\\. no list"),
        ("1.5 s", "1.5 s"),
        ("set_weights _so_", "set_weights _so\\_"),
        ("a\n\n# b", "a  # b"),
        ("&lt;", "&amp;lt;"),
    ] {
        assert_eq!(markdown(text), shown);
    }
}

#[test]
fn of_what_is_coloured_only_colours_stay() {
    let red = "\u{1b}[38;5;9mred\u{1b}[0m\n";
    assert_eq!(styled(red), red);
    assert_eq!(styled("\u{1b}[2Jx\u{1b}]0;t\u{7}\u{1b}[[0m\u{1b}"), "\\u{1b}[2Jx\\u{1b}]0;t\\u{7}\\u{1b}[[0m\\u{1b}");
}

#[test]
fn a_secret_that_was_read_is_in_no_form() {
    let secret = "k3y-of-the-forms-test";
    remember(secret);
    let text = format!("you sent Bearer {secret}, no?");
    let shown = [
        line(&text).into_owned(),
        block(&text).into_owned(),
        styled(&format!("\u{1b}[1m{text}")).into_owned(),
        markdown(&text),
        html(&text),
        label(&text),
        json(&text).unwrap(),
        Foreign::new(&text).raw().to_owned(),
    ];
    for shown in shown {
        assert!(!shown.contains(secret) && shown.contains("you sent Bearer"), "{shown}");
    }
    remember("short");
    assert_eq!(line("in short"), "in short", "what is found in words is not struck out");
}

#[test]
fn what_is_harmless_is_not_copied() {
    assert!(matches!(line("orders-1 → größer"), std::borrow::Cow::Borrowed(_)));
}

#[test]
fn tokens_that_are_renewed_push_no_secret_of_the_plan_out() {
    let secret = "k3y-of-the-plan-itself";
    remember(secret);
    for n in 0..600 {
        remember_for_now(&format!("token-of-a-role-{n}"));
    }
    assert_eq!(line(secret), "***");
    assert_eq!(line("token-of-a-role-599"), "***");
}
