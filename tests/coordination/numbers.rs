use althing::coordination::{Agents, Count, Exponent, Fraction, NonNegative, OutOfDomain, Positive};

const NONE: [f64; 5] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, -f64::MIN_POSITIVE];

fn accepts<T>(new: fn(f64) -> Result<T, OutOfDomain>, within: &[f64], without: &[f64]) {
    for value in within {
        assert!(new(*value).is_ok(), "{value}");
    }
    for value in without.iter().chain(&NONE) {
        let error = new(*value).err().unwrap_or_else(|| panic!("{value} is let in"));
        assert!(error.value.to_bits() == value.to_bits());
    }
}

#[test]
fn each_domain_ends_where_it_says() {
    accepts(Fraction::new, &[0.0, -0.0, 1e-60, 0.5, 1.0], &[1.0 + f64::EPSILON, 0.9e-60]);
    accepts(NonNegative::new, &[0.0, 1e-60, 1.0, 1e60], &[0.9e-60, 1.1e60]);
    accepts(Positive::new, &[1e-60, 1.0, 1e60], &[0.0, 0.9e-60, 1.1e60]);
    accepts(Agents::new, &[1.0, 1.5, 4_294_967_295.0], &[0.0, 0.999, 4_294_967_296.0]);
    accepts(Exponent::new, &[1e-60, 16.0], &[0.0, 0.9e-60, 16.1]);
    assert!(Count::new(0).is_err() && Count::try_from(0).is_err());
    assert_eq!(Count::try_from(7).map(Count::get), Ok(7));
    assert_eq!(Fraction::try_from(0.25).map(Fraction::get), Ok(0.25));
}

#[test]
fn an_error_says_what_is_wrong_with_what() {
    let said = |error: OutOfDomain| error.to_string();
    let fraction = Fraction::new(1.5).map_err(said);
    assert_eq!(fraction, Err("the fraction is 1.5: it must be 0 or from 1e-60 to 1".into()));
    assert_eq!(Count::new(0).map_err(said), Err("the count is 0: it must be at least 1".into()));
}

#[test]
fn a_number_is_shown_as_it_is() {
    assert_eq!(Positive::new(2.5).map(|it| it.to_string()), Ok("2.5".into()));
    assert_eq!(Count::new(12).map(|it| it.to_string()), Ok("12".into()));
    let converted = [Fraction::new(0.5).map(NonNegative::from), Positive::new(0.5).map(NonNegative::from)];
    assert_eq!(converted, [NonNegative::new(0.5), NonNegative::new(0.5)]);
    assert_eq!(Count::new(12).map(u32::from), Ok(12));
    assert_eq!(Positive::new(2.5).map(f64::from), Ok(2.5));
}
