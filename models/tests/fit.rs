//! `althing fit`, as its users call it.

mod command;

use std::process::Output;

use serde_json::{Value, json};

use althing_models::fit::{Data, fit as fit_of, plot as chart};
use proptest::prelude::*;

use command::{althing, lines, number, plot, printed, refused};

const SPECSDM91: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/specsdm91.csv");
const RAYTRACER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/raytracer.csv");

fn fit(data: &[u8], arguments: &[&str]) -> Output {
    althing(&[&["fit", "-"], arguments].concat(), data)
}

fn fitted(output: &Output) -> Value {
    lines(output, "fit").pop().expect("a line")
}

#[track_caller]
fn assert_near(value: f64, expected: f64, tolerance: f64) {
    assert!((value - expected).abs() <= tolerance * expected.abs(), "{value} is not {expected}");
}

/// The reference fit, with a relative tolerance of 1e-4 on coefficients and 1e-6 on the sum of squares.
#[test]
fn specsdm91_has_its_published_fit() {
    let it = fitted(&althing(&["fit", SPECSDM91, "--json"], b""));
    let coefficients = [
        ("sigma", 0.02772841, 0.0091217),
        ("kappa", 1.043658e-4, 0.0000199),
        ("lambda", 89.99518, 14.2134906),
    ];
    for (name, value, error) in coefficients {
        assert_near(number(&it[name], "value"), value, 1e-4);
        assert_near(number(&it[name], "standard_error"), error, 2e-3);
        assert_eq!(it[name]["at_bound"], false);
    }
    assert_near(it["sigma"]["interval"][0].as_f64().expect("a number"), 0.002402, 1e-3);
    assert_near(it["sigma"]["interval"][1].as_f64().expect("a number"), 0.053054, 1e-4);
    assert_near(number(&it, "ssr"), 27453.7196, 1e-6);
    assert_near(number(&it["peak"], "k"), 96.52, 1e-4);
    assert_near(number(&it["peak"], "throughput"), 1884.0, 1e-4);
    let interval = [0, 1].map(|end| it["peak_interval"][end].as_f64().expect("a number"));
    assert!(interval[0] < 96.5 && interval[1] > 96.6, "{interval:?}");
    assert_eq!((number(&it, "degrees_of_freedom"), number(&it, "rows")), (4.0, 7.0));
    assert_eq!(
        (&it["choice"]["model"], &it["warnings"], &it["limit"]),
        (&json!("usl"), &json!([]), &Value::Null)
    );
    let squares = it["residuals"].as_array().expect("a list").iter();
    assert_near(squares.map(|it| it.as_f64().expect("a number").powi(2)).sum(), number(&it, "ssr"), 1e-12);
}

/// The bound kappa = 0 is active: there is no peak, and that is said.
#[test]
fn raytracer_has_its_published_fit_and_no_peak() {
    let it = fitted(&althing(&["fit", RAYTRACER, "--json"], b""));
    assert_near(number(&it["sigma"], "value"), 0.05777078, 1e-4);
    assert_near(number(&it["lambda"], "value"), 21.848843, 1e-4);
    assert_near(number(&it, "ssr"), 697.2378, 1e-6);
    assert_near(number(&it, "limit"), 378.2, 1e-4);
    assert_eq!(
        it["kappa"],
        json!({"value": 0.0, "standard_error": null, "interval": null, "at_bound": true})
    );
    assert_eq!((&it["peak"], &it["choice"]["model"]), (&Value::Null, &json!("amdahl")));
    // If there is one all the same, it is beyond all that was measured.
    assert_near(it["peak_interval"][0].as_f64().expect("a number"), 89.8, 1e-3);
    assert_eq!(it["peak_interval"][1], Value::Null);
    let text = printed(&althing(&["fit", RAYTRACER], b""));
    for expected in
        ["at its bound", "peak: none; the limit is 378.20", "warning: no peak: kappa is at its bound, 0"]
    {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

const SYNTHETIC: &str = "1,1\n2,1.8868\n4,3.0769\n6,3.5294\n8,3.5398\n10,3.3557\n";

/// However it is written, it is the same data.
#[test]
fn any_layout_is_read() {
    let expected = fitted(&fit(SYNTHETIC.as_bytes(), &["--json"]));
    for (name, value) in [("sigma", 0.02), ("kappa", 0.02), ("lambda", 1.0)] {
        assert_near(number(&expected[name], "value"), value, 1e-3);
    }
    for text in [
        format!("k,throughput\n{SYNTHETIC}"),
        format!("\u{feff}\"agents\",\"X(k)\"\r\n{}", SYNTHETIC.replace('\n', "\r\n")),
        SYNTHETIC.replace(',', "\t"),
        SYNTHETIC.replace(',', "; "),
        SYNTHETIC.replace(',', "   "),
        format!("# what was measured\n\n  # and when\n{}\n\n", SYNTHETIC.replace("4,", "\n 4.0 , ")),
        SYNTHETIC.trim_end().replace("6,", "\"6\",").replace("2,1.8868", "2e0,\" 1.8868 \""),
    ] {
        assert_eq!(fitted(&fit(text.as_bytes(), &["--json"])), expected, "{text}");
    }
}

#[test]
fn k_may_be_any_real_number_and_1_need_not_be_among_them() {
    let law = |k: f64| 7.0 * k / (1.0 + 0.05 * (k - 1.0) + 0.001 * k * (k - 1.0));
    let rows: String = [1.5, 2.25, 7.75, 20.5, 33.3, 60.1].map(|k| format!("{k} {}\n", law(k))).concat();
    let it = fitted(&fit(rows.as_bytes(), &["--json"]));
    for (name, value) in [("sigma", 0.05), ("kappa", 0.001), ("lambda", 7.0)] {
        assert_near(number(&it[name], "value"), value, 1e-6);
    }
}

#[test]
fn what_the_data_cannot_support_is_said() {
    let warnings = |text: &str| fitted(&fit(text.as_bytes(), &["--json"]))["warnings"].to_string();
    let beyond = warnings("1 1.00\n2 1.88\n3 2.67\n4 3.31\n5 3.92\n6 4.42\n7 4.83\n8 5.22\n");
    assert!(beyond.contains("lies beyond the largest k that was measured, 8"), "{beyond}");
    let noise = warnings("1 1.02\n2 1.85\n4 3.55\n8 5.4\n16 9.9\n32 12.7\n64 15.0\n");
    for expected in ["the data do not support a peak", "the peak has no upper limit at 95%"] {
        assert!(noise.contains(expected), "{expected}: {noise}");
    }
}

#[test]
fn what_is_wrong_is_said_in_one_line_with_its_row() {
    let large = format!("{}x", "1,1\n".repeat(5 << 20));
    for (text, expected) in [
        ("", "it is empty: there must be 4 rows at least, each of a k and a throughput"),
        (
            "k,throughput\n\n# nothing\n",
            "it is empty: there must be 4 rows at least, each of a k and a throughput",
        ),
        ("k,x\n1,2\n2,3\n4,5\n", "3 rows are too few: there must be 4 at least"),
        ("k,x\n# c\n0.5,2\n2,3\n4,5\n6,7\n", "row 3: k is 0.5: it must be from 1 to 4294967295"),
        ("1,2\n2,3\n\n-4,5\n6,7\n", "row 4: k is -4: it must be from 1 to 4294967295"),
        ("1,2\n2,3\n4,-5\n6,7\n", "row 3: throughput is -5: it must be 0 or from 1e-60 to 1e60"),
        ("1,2\n2,3\n4,inf\n6,7\n", "row 3: throughput is inf: it must be 0 or from 1e-60 to 1e60"),
        ("1,2\n2,3\nNaN,4\n6,7\n", "row 3: k is NaN: it must be from 1 to 4294967295"),
        ("1,2\n2,3\n4,1e999\n6,7\n", "row 3: throughput is inf: it must be 0 or from 1e-60 to 1e60"),
        ("4,2\n4,3\n4,4\n4,5\n", "there is only one k in all rows: there must be 3 at least"),
        ("4,2\n4,3\n8,4\n8,5\n", "there are only two different k in all rows: there must be 3 at least"),
        ("1,0\n2,0\n4,0\n8,0\n", "the throughput is 0 in all rows"),
        ("1,2\n2,3\n4,\n6,7\n", "row 3: throughput is ``, which is no number"),
        ("1,2\n2,3\n4\n6,7\n", "row 3: there is no throughput, only `4`"),
        (
            "1,2\n2,3\n4,5,6\n6,7\n",
            "row 3: there are 3 fields, but must be two, a k and a throughput: `4,5,6`",
        ),
        ("1,2\n2,3\nfour,5\n6,7\n", "row 3: k is `four`, which is no number"),
        ("1,2\n2,3\n4,5\u{7}\n6,7\n", "row 3: throughput is `5\\u{7}`, which is no number"),
        ("1,2x\n2,3\n4,5\n6,7\n", "row 1: throughput is `2x`, which is no number"),
        ("k,throughput\nk,throughput\n", "row 2: k is `k`, which is no number"),
        (
            "throughput,k\n2,1\n",
            "row 1: the first column is called `throughput`: it must be k, and the second one throughput",
        ),
        (&large, "16777217 bytes are too many: there can be 16777216"),
        (&"1,1\n".repeat(100_001), "row 100001: more than 100000 measurements are too many"),
    ] {
        assert_eq!(refused(&fit(text.as_bytes(), &[])), format!("althing: -: {expected}"));
    }
    let said = refused(&fit(b"1,2\n2,\xff\n", &["--json"]));
    assert_eq!(said, "althing: -: row 2: it is no text in UTF-8");
    let said = refused(&althing(&["fit", "no/such\n.csv"], b""));
    assert!(said.starts_with("althing: no/such\\n.csv: No such file"), "{said}");
    let said = refused(&fit(SYNTHETIC.as_bytes(), &["--plot", "no/such/folder.svg"]));
    assert!(said.starts_with("althing: no/such/folder.svg: cannot be written: "), "{said}");
}

#[test]
fn the_plot_is_whole_and_has_all_that_it_should() {
    for (file, peak) in [(SPECSDM91, Some("peak, k = 96.5")), (RAYTRACER, None)] {
        let (svg, output) = plot(&["fit", file], b"", "fit");
        assert!(printed(&output).contains("measurements") && svg.ends_with("</svg>\n"));
        let expected = [
            "<title id=\"title\">The universal scalability law, fitted",
            "measured",
            "law",
            "linear",
            "95% of further measurements",
            "agents k",
            "throughput",
            "role=\"img\"",
        ];
        for expected in expected.into_iter().chain(peak) {
            assert!(svg.contains(expected), "{expected}: {svg}");
        }
        assert_eq!(svg.contains("peak, k"), peak.is_some());
        assert_eq!((svg.matches("<svg").count(), svg.matches("</svg>").count()), (1, 1));
    }
}

fn numbers() -> impl Strategy<Value = String> {
    let extreme =
        prop::sample::select(vec!["0", "1", "1e300", "1e-300", "-1", "nan", "inf", "", "x", "1e18"]);
    prop_oneof![1 => extreme.prop_map(str::to_owned), 9 => (1.0..99.0_f64).prop_map(|it| it.to_string())]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever stands in the rows: they are refused with a reason, or have a fit and a picture of numbers.
    #[test]
    fn no_rows_panic(rows in prop::collection::vec((numbers(), numbers()), 0..9), unit in -300..300_i32) {
        let unit = 10_f64.powi(unit);
        let scaled = |x: &str| x.parse::<f64>().map_or(x.to_owned(), |value| (value * unit).to_string());
        let text: String = rows.iter().map(|(k, x)| format!("{k},{}\n", scaled(x))).collect();
        match Data::read(text.as_bytes()).and_then(|data| Ok((fit_of(&data)?, data))) {
            Ok((fitted, data)) => {
                let svg = chart::svg(&data, &fitted).expect("drawn");
                prop_assert!(!svg.contains("NaN") && !svg.contains("inf"), "{}", text);
            }
            Err(refused) => prop_assert_eq!(refused.to_string().lines().count(), 1),
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..99)) {
        if let Err(refused) = Data::read(&bytes) {
            prop_assert_eq!(refused.to_string().lines().count(), 1);
        }
    }
}
