//! Filters tested against their meaning, and against a simple reference implementation.

use proptest::prelude::*;

use super::*;

fn table() -> Table {
    let row = |host: &str, lag: Cell, state: &'static str| {
        Row::new(host, [Cell::text(host.to_owned()), lag, Cell::none(), Cell::text(state), Cell::count(7)])
    };
    Table {
        id: "t",
        title: "t".into(),
        columns: vec![
            Column::text("host", "host", 4),
            Column::number("lag", "lag", 4).of("source VIR"),
            Column::text("lags", "", 1),
            Column::text("source_state", "state", 1).of("source VIR"),
            Column::number("target_lag", "behind", 4).of("target ORE"),
        ],
        rows: vec![
            row("db1:27017", Cell::count(5), "in service"),
            row("db2:27017", Cell::number(150.0, "150"), "gone"),
            row("DB3.ore:27018", Cell::none(), "Service"),
        ]
        .into(),
        empty: "",
    }
}

fn kept(filter: &str) -> Vec<usize> {
    let table = table();
    Filter::parse(filter, &table.columns, &[]).unwrap_or_else(|why| panic!("{why}")).rows(&table)
}

const NONE: [usize; 0] = [];

#[test]
fn words_must_all_hold() {
    assert_eq!(kept(""), [0, 1, 2]);
    assert_eq!(kept("db3"), [2]);
    assert_eq!(kept("27017 !db1"), [1]);
    assert_eq!(kept("db1:27017"), [0], "a port is not a column");
    assert_eq!(kept("ho:/db[13]/"), [0, 2]);
    assert_eq!(kept("!/^db1.*7$/"), [1, 2]);
    assert_eq!(kept("/db1 | db2/"), NONE, "blanks belong to an expression");
}

#[test]
fn what_is_quoted_means_nothing_but_itself() {
    assert_eq!(kept("\"in service\""), [0]);
    assert_eq!(kept("state:\"IN service\" db"), [0]);
    assert_eq!(kept("!\"in service\""), [1, 2]);
    assert_eq!(kept("\"!db\""), NONE);
    assert_eq!(kept("\"in ser"), [0], "what is being typed holds already");
}

#[test]
fn an_unknown_value_passes_no_comparison() {
    assert_eq!(kept("lag:>100"), [1]);
    assert_eq!(kept("lag:<=150"), [0, 1]);
    assert_eq!(kept("lag:>=0"), [0, 1]);
    assert_eq!(kept("lag:=5"), [0]);
    assert_eq!(kept("lag:!=5"), [1]);
    assert_eq!(kept("lag:=150.0"), [1]);
}

#[test]
fn numbers_have_units_as_in_a_plan() {
    for (filter, rows) in [
        ("lag:>0.1k", vec![1]),
        ("lag:<1k", vec![0, 1]),
        ("lag:>1m", vec![1]),
        ("lag:>2m20s", vec![1]),
        ("lag:>2m31s", vec![]),
        ("lag:<=5000ms", vec![0]),
        ("lag:>=150B", vec![1]),
        ("lag:>1KiB", vec![]),
        ("lag:>6/s", vec![1]),
        ("lag:>=15000%", vec![1]),
    ] {
        assert_eq!(kept(filter), rows, "{filter}");
    }
}

#[test]
fn a_text_can_be_meant_as_a_whole() {
    assert_eq!(kept("state:=service"), [2]);
    assert_eq!(kept("state:!=gone"), [0, 2]);
    assert_eq!(kept("state:=\"in service\""), [0]);
    // A value that could be a number is compared as text if the column contains texts.
    let mut table = table();
    let host = table.columns.iter().position(|c| c.id == "host").expect("a column");
    let row = &mut std::sync::Arc::make_mut(&mut table.rows)[1];
    std::sync::Arc::make_mut(&mut row.cells)[host] = Cell::text("2024");
    let kept = |text| Filter::parse(text, &table.columns, &[]).expect("a filter").rows(&table);
    assert_eq!((kept("host:=2024"), kept("host:!=2024"), kept("host:>2000")), (vec![1], vec![0, 2], vec![]));
}

#[test]
fn a_column_is_found_by_id_by_title_and_by_its_group() {
    assert_eq!(kept("source.lag:>100"), [1]);
    assert_eq!(kept("vir.lag:>100"), [1]);
    assert_eq!(kept("target.behind:7"), [0, 1, 2]);
    assert_eq!(kept("behind:7"), [0, 1, 2]);
    let why = Filter::parse("l:5", &table().columns, &[]).unwrap_err();
    assert_eq!(why, "l:5: several columns are `l`: source.lag, lags");
}

#[test]
fn a_heading_that_several_columns_have_means_any_of_them() {
    let row = |id: &str, source: f64, target: Option<f64>| {
        let cell = |n: f64| Cell::number(n, format!("{n}s"));
        Row::new(id, [Cell::text(id.to_owned()), cell(source), target.map_or_else(Cell::none, cell)])
    };
    let columns = vec![
        Column::text("group", "group", 4),
        Column::number("source_time", "behind", 4).of("source VIR"),
        Column::number("target_time", "behind", 4).of("target ORE"),
    ];
    let rows = vec![row("a", 5.0, Some(50.0)), row("b", 50.0, None), row("c", 5.0, Some(5.0))];
    let table = Table { id: "t", title: "t".into(), columns, rows: rows.into(), empty: "" };
    let kept = |text| Filter::parse(text, &table.columns, &[]).unwrap_or_else(|why| panic!("{why}")).rows(&table);
    assert_eq!(kept("behind:>10"), [0, 1]);
    assert_eq!(kept("Behind:=50"), [0, 1]);
    assert_eq!(kept("behind:!=50"), [2], "neither has it, and both are known");
    assert_eq!(kept("!behind:>10"), [2]);
    assert_eq!(kept("target.behind:>10"), [0]);
    assert_eq!(kept("source_time:>10"), [1]);
    assert_eq!(
        Filter::parse("beh:>10", &table.columns, &[]).unwrap_err(),
        "beh:>10: several columns are `beh`: source.behind, target.behind"
    );
}

#[test]
fn a_word_whose_column_only_another_table_has_does_not_apply() {
    let other =
        Table { columns: vec![Column::text("topic", "topic", 4), Column::number("size", "size", 4)], ..table() };
    let place = [table(), other];
    let of = |text| Filter::parse(text, &place[0].columns, &place);
    let filter = of("topic:orders size:>5 topic:x db1").expect("a filter");
    assert_eq!((filter.rows(&place[0]), filter.missing()), (vec![0], &["topic".to_owned(), "size".to_owned()][..]));
    assert!(!filter.is_empty() && of("topic:orders").is_ok_and(|filter| filter.is_empty()));
    assert_eq!(of("size:>").unwrap_err(), "size:>: a number is missing");
    assert!(of("nothing:x").unwrap_err().starts_with("nothing:x: no column `nothing`"));
}

#[test]
fn what_is_wrong_is_said_and_where() {
    let columns = table().columns;
    let why = |text| Filter::parse(text, &columns, &[]).unwrap_err();
    assert_eq!(why("db lg:>1"), "lg:>1: no column `lg`; there is host, source.lag, lags, source.state, target.behind");
    assert!(why("!lag:>x db").starts_with("!lag:>x: `x` is not a number; units are k M G"), "{}", why("!lag:>x db"));
    let typo = why("vir.lagg:>100");
    assert!(typo.starts_with("vir.lagg:>100: no column `vir.lagg`; there is"), "{typo}");
    assert_eq!(why("lag:>"), "lag:>: a number is missing");
    assert!(why("/(/").starts_with("/(/: bad expression: unclosed group"), "{}", why("/(/"));
}

/// A word of a filter, and what it means.
type Meaning = (String, Box<dyn Fn(&Row) -> bool>);

fn word() -> impl Strategy<Value = (bool, u8, String, i8)> {
    (any::<bool>(), 0_u8..5, "[abAB]{1,2}", -3_i8..4)
}

/// The reference implementation of a word, not optimised.
fn meaning((not, kind, text, number): (bool, u8, String, i8)) -> Meaning {
    let bound = f64::from(number);
    let low = text.to_lowercase();
    let holds: Box<dyn Fn(&Row) -> bool> = match kind {
        0 => Box::new(move |r| r.cells.iter().any(|c| c.text.to_lowercase().contains(&low))),
        1 => Box::new(move |r| r.cells[0].text.to_lowercase().contains(&low)),
        2 => Box::new(move |r| matches!(r.cells[1].key, Key::Number(n) if n > bound)),
        3 => Box::new(move |r| matches!(r.cells[1].key, Key::Number(n) if n.total_cmp(&bound).is_ne())),
        _ => Box::new(move |r| r.cells[0].text.to_lowercase() == low),
    };
    let written = match kind {
        0 => text,
        1 => format!("name:{text}"),
        2 => format!("n:>{number}"),
        3 => format!("n:!={number}"),
        _ => format!("name:={text}"),
    };
    (if not { format!("!{written}") } else { written }, Box::new(move |r| holds(r) != not))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_filter_keeps_what_it_says(
        rows in prop::collection::vec(("[abAB–\u{e4}]{0,4}", prop::option::of(-3_i8..4)), 0..20),
        detail in prop::collection::vec(word(), 0..4),
    ) {
        let row = |(i, (name, n)): (usize, (String, Option<i8>))| {
            let number = n.map_or_else(Cell::none, |n| Cell::number(f64::from(n), n.to_string()));
            Row::new(i.to_string(), [Cell::text(name), number])
        };
        let rows: Vec<Row> = rows.into_iter().enumerate().map(row).collect();
        let columns = vec![Column::text("name", "name", 1), Column::number("n", "n", 1)];
        let meanings: Vec<Meaning> = detail.into_iter().map(meaning).collect();
        let text = meanings.iter().map(|m| m.0.as_str()).collect::<Vec<_>>().join(" ");
        let expected: Vec<usize> =
            (0..rows.len()).filter(|&i| meanings.iter().all(|m| (m.1)(&rows[i]))).collect();
        let table = Table { id: "t", title: "t".into(), columns, rows: rows.into(), empty: "" };
        let filter = Filter::parse(&text, &table.columns, &[]);
        prop_assert_eq!(filter.map(|f| f.rows(&table)), Ok(expected), "{}", text);
    }

    #[test]
    fn nothing_that_is_typed_stops_the_console(text in "[a-c!:/\"=<>. \\\\(0-9k-]{0,12}") {
        let table = table();
        if let Ok(filter) = Filter::parse(&text, &table.columns, &[]) {
            let rows = filter.rows(&table);
            prop_assert!(rows.is_sorted() && rows.iter().all(|row| *row < table.rows.len()), "{}: {:?}", text, rows);
        }
    }
}

#[test]
fn a_column_is_called_what_its_heading_says_and_the_filter_finds_it_by_that() {
    let table = table();
    let names: Vec<String> = table.columns.iter().map(|c| called(c, &table.columns)).collect();
    assert_eq!(names, ["host", "source.lag", "lags", "source.state", "target.behind"]);
    for (at, name) in names.iter().enumerate() {
        let found = named(name, &table.columns, &[]);
        assert!(matches!(&found, Ok(Found::Columns(columns)) if *columns == [at]), "{name}");
    }
    // Two columns with one heading keep their ids.
    let mut twice = table.columns.clone();
    twice[4].title = "lag".into();
    twice[4].group = twice[1].group.clone();
    assert_eq!([called(&twice[1], &twice), called(&twice[4], &twice)], ["source.lag", "source.target_lag"]);
}
