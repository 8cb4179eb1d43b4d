use althing::coordination::laws::Usl;
use althing::coordination::sync_cost::*;
use althing::coordination::{Count, Exponent};
use proptest::prelude::*;

use crate::support::*;

fn shape() -> impl Strategy<Value = Shape> {
    prop::sample::select(shapes())
}

/// Any shape in closed form, and one from a table with level and steep parts.
fn any_shape() -> impl Strategy<Value = Shape> {
    let steps = prop::collection::vec(prop::sample::select(vec![0.0, 0.0, 0.01, 0.3, 5.0]), 0..60);
    let table = steps.prop_map(|steps| {
        let sums = steps.iter().scan(0.0, |sum, step| {
            *sum += step;
            Some(*sum)
        });
        let values = [0.0].into_iter().chain(sums).collect();
        Shape::Measured(Table::new(values).expect("never falling"))
    });
    prop_oneof![4 => shape(), 1 => table]
}

/// Of the numbers up to `most`, the first with the least cost: what the closed forms are held against.
fn scan(most: u32, cost: impl Fn(u32) -> f64) -> (u32, f64) {
    let all = (1..=most).map(|k| (k, cost(k)));
    all.fold((0, f64::INFINITY), |best, next| if next.1 < best.1 { next } else { best })
}

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn a_lone_agent_pays_nothing_and_more_never_pay_less(shape in any_shape(), k in 1.0..100.0_f64, more in 0.0..10.0_f64) {
        prop_assert_eq!(shape.at(Count::ONE), 0.0);
        prop_assert!(shape.at(agents(k)) >= 0.0);
        prop_assert!(shape.at(agents(k + more)) >= shape.at(agents(k)) * (1.0 - 1e-12));
    }

    #[test]
    fn the_real_optimum_is_the_cheapest(shape in shape(), c in 0.01..10.0_f64, other in 0.3..3.0_f64) {
        let (cost, load) = (sync(c, shape), load(100.0, 1e-6));
        let free = |k: f64| 100.0 / k + cost.at(agents(k));
        if let Some(best) = cost.real_optimum(&load) {
            let k = best * other;
            // Whether it pays at all is another question: two of the shapes begin with a jump.
            prop_assume!(k > 1.0 && best > 1.0);
            prop_assert!(free(best) <= free(k) * (1.0 + 1e-12), "{best} {k}");
        } else {
            prop_assert_eq!(cost.shape, Shape::Constant);
        }
    }

    #[test]
    fn the_whole_optimum_is_that_of_a_scan(
        shape in any_shape(), c in prop_oneof![1 => Just(0.0), 9 => 0.01..30.0_f64], w in 1.0..300.0_f64,
        part in 0.005..=1.0_f64, most in 1..200_u32, fewest in 1..50_u32
    ) {
        let (cost, load) = (sync(c, shape), load(w, w * part));
        let most = most.min(cost.known().get());
        let (agents, time) = scan(most, |k| cost.time(&load, count(k)));
        let optimum = cost.optimum(&load, count(most));
        // Of equally good numbers rounding may prefer either.
        prop_assert!(near(optimum.time, time, 1e-12), "{optimum:?} {agents} {time}");
        prop_assert!(near(cost.time(&load, optimum.agents), time, 1e-12) && optimum.agents.get() <= most);
        // And a team of at least so many.
        let team = cost.team_optimum(&load, count(fewest), count(most));
        let least = (fewest.max(2)..=most).map(|k| cost.time(&load, count(k))).reduce(f64::min);
        prop_assert_eq!(team.is_some(), least.is_some());
        if let (Some(team), Some(least)) = (team, least) {
            prop_assert!(near(team.time, least, 1e-12) && (fewest.max(2)..=most).contains(&team.agents.get()));
        }
    }

    #[test]
    fn a_team_breaks_even_between_two_numbers(
        shape in any_shape(), c in 0.01..60.0_f64, part in 0.005..=1.0_f64, most in 1..300_u32
    ) {
        let (cost, load) = (sync(c, shape), load(100.0, 100.0 * part));
        let pays = |k: &u32| cost.time(&load, count(*k)) < 100.0;
        let last = most.min(cost.known().get());
        let (fewest, greatest) = ((2..=last).find(pays), (2..=last).rev().find(pays));
        let told = cost.break_even(&load, count(most));
        prop_assert_eq!(told.map(|it| it.fewest.get()), fewest);
        prop_assert_eq!(told.map(|it| it.most.get()), greatest);
    }

    #[test]
    fn equal_tasks_are_a_staircase_and_its_feet_suffice(
        shape in any_shape(), n in 1..200_u32, c in prop_oneof![1 => Just(0.0), 9 => 0.001..3.0_f64], most in 1..250_u32
    ) {
        let cost = sync(c, shape);
        let last = most.min(cost.known().get());
        let (agents, time) = scan(last, |k| f64::from(n.div_ceil(k)) * 2.0 + cost.at(count(k)));
        let optimum = cost.optimum_of_equal_tasks(count(n), positive(2.0), count(most));
        prop_assert_eq!((optimum.agents.get(), optimum.time), (agents, time));
    }

    #[test]
    fn linear_is_the_universal_law_without_contention(w in 1.0..1e3_f64, c in 0.001..10.0_f64, k in 1.0..100.0_f64) {
        let law = Usl { sigma: fraction(0.0), kappa: magnitude(c / w) };
        let time = sync(c, Shape::Linear).time(&load(w, 1e-6), agents(k));
        prop_assert!(near(w / law.speedup(agents(k)), time, 1e-12));
    }

    #[test]
    fn with_a_span_no_agent_is_added_that_it_leaves_without_work(c in 0.0..1.0_f64, span in 1.0..100.0_f64, shape in shape()) {
        let load = load(100.0, span);
        let optimum = sync(c, shape).optimum(&load, count(1_000));
        prop_assert!(f64::from(optimum.agents.get()) < 100.0 / span + 1.0);
    }

    #[test]
    fn a_higher_price_never_asks_for_more_agents(shape in any_shape(), c in 0.001..5.0_f64, more in 1.001..5.0_f64, span in 0.5..20.0_f64) {
        let best = |c| sync(c, shape.clone()).optimum(&load(100.0, span), count(500));
        prop_assert!(best(c * more).agents <= best(c).agents);
        prop_assert!(best(c * more).time >= best(c).time);
    }
}

#[test]
fn the_shapes_are_their_formulas() {
    let power = Shape::Power(Exponent::new(1.5).expect("an exponent"));
    for (shape, of_three, of_two_and_a_half) in [
        (Shape::Constant, 1.0, 1.0),
        (Shape::Linear, 2.0, 1.5),
        (Shape::Tree, 1.098_612_288_668_109_7, 0.916_290_731_874_155_1),
        (Shape::KLogK, 3.295_836_866_004_329, 2.290_726_829_685_387_7),
        (power, 4.196_152_422_706_632, 2.952_847_075_210_474),
        (Shape::AllToAll, 3.0, 1.875),
        (Shape::Article, 4.158_883_083_359_672, 3.131_907_421_238_42),
    ] {
        assert_near(shape.at(agents(3.0)), of_three, 1e-15);
        assert_near(shape.at(agents(2.5)), of_two_and_a_half, 1e-15);
        assert_near(sync(0.5, shape.clone()).at(count(3)), of_three / 2.0, 1e-15);
        let time = sync(0.5, shape).time(&load(12.0, 5.0), count(3));
        assert_near(time, 5.0 + of_three / 2.0, 1e-15);
    }
    // The power of a tiny exponent does not cancel.
    let power = Shape::Power(Exponent::new(1e-9).expect("an exponent"));
    assert_near(power.at(agents(3.0)), 1.098_612_289_271_584_2e-9, 1e-15);
}

#[test]
fn the_real_optima_are_their_formulas() {
    let load = load(100.0, 0.001);
    let power = Shape::Power(Exponent::new(1.5).expect("an exponent"));
    for (shape, of_half, of_three) in [
        (Shape::Linear, 14.142_135_623_730_95, 5.773_502_691_896_258),
        (Shape::Tree, 200.0, 100.0 / 3.0),
        (Shape::KLogK, 8.050_705_568_881_025, 3.782_116_965_207_953_4),
        (power, 7.079_058_391_966_23, 3.457_124_297_788_827),
        (Shape::AllToAll, 6.019_542_248_003_218, 3.393_892_960_054_771_5),
        (Shape::Article, 8.043_299_438_180_906, 3.765_057_639_117_708),
    ] {
        for (c, k) in [(0.5, of_half), (3.0, of_three)] {
            assert_near(sync(c, shape.clone()).real_optimum(&load).expect("in closed form"), k, 4e-15);
        }
        // Nothing to share but a price: a lone agent.
        assert_eq!(sync(1e9, shape.clone()).real_optimum(&load), Some(1.0));
        assert_eq!(sync(0.0, shape.clone()).real_optimum(&load), None);
        // The span.
        assert_eq!(sync(0.01, shape).real_optimum(&self::load(100.0, 50.0)), Some(2.0));
    }
    assert_eq!(sync(3.0, Shape::Constant).real_optimum(&load), None);
    // T* = 2 sqrt(Wc) - c.
    let cost = sync(4.0, Shape::Linear);
    assert_eq!(cost.optimum(&load, count(100)), Optimum { agents: count(5), time: 36.0 });
}

#[test]
fn a_constant_cost_pays_below_what_is_shared() {
    let load = load(100.0, 1.0);
    for k in [2, 5, 20] {
        let most = 100.0 * (1.0 - 1.0 / f64::from(k));
        assert!(sync(most * 0.999, Shape::Constant).break_even(&load, count(k)).is_some());
        assert_eq!(sync(most * 1.001, Shape::Constant).break_even(&load, count(k)), None);
        assert_eq!(sync(most * 0.999, Shape::Constant).optimum(&load, count(k)).agents, count(k));
        assert_eq!(sync(most * 1.001, Shape::Constant).optimum(&load, count(k)).agents, Count::ONE);
    }
    // Linear: W(1 - 1/k) > c(k-1) for k < W/c.
    let even = sync(4.0, Shape::Linear).break_even(&load, count(1_000));
    assert_eq!(even, Some(BreakEven { fewest: count(2), most: count(24) }));
    // A jump: it takes some agents to pay for it.
    let even = sync(60.0, Shape::Constant).break_even(&load, count(1_000));
    assert_eq!(even, Some(BreakEven { fewest: count(3), most: count(1_000) }));
}

/// Where more agents would do as well, they are not asked for.
#[test]
fn of_equally_good_numbers_the_least_is_best() {
    // Two halve the work of 4, and pay the other half.
    let lone = Optimum { agents: Count::ONE, time: 4.0 };
    assert_eq!(sync(2.0, Shape::Constant).optimum(&load(4.0, 2.0), count(9)), lone);
    assert_eq!(sync(2.0, Shape::Linear).optimum_of_equal_tasks(count(2), positive(2.0), count(9)), lone);
    // The span is half of the work, and nobody pays anything.
    let free = sync(1.0, Shape::Measured(Table::new(vec![0.0; 4]).expect("a shape")));
    assert_eq!(free.optimum(&load(4.0, 2.0), count(9)), Optimum { agents: count(2), time: 2.0 });
}

/// Of the article's shape the root is found to the last digit.
#[test]
fn the_root_of_the_articles_shape_is_a_root() {
    for k in [1.25, 2.0, 3.0, 7.5, 10.0, 1e3, 123_456.789] {
        let m = k * k * (libm::log1p(k) + k / (k + 1.0));
        assert_eq!(sync(1.0, Shape::Article).real_optimum(&load(m, 1e-9)), Some(k));
    }
}

#[test]
fn the_best_whole_fan_out_of_a_tree_is_three() {
    let cost = |f: u32| f64::from(f) / f64::from(f).ln();
    let best = (2..1_000).min_by(|a, b| cost(*a).total_cmp(&cost(*b)));
    assert_eq!(best, Some(FAN_OUT));
}

/// Twelve equal tasks are three rounds of five agents, not 2.4; and four agents do as well.
#[test]
fn twelve_tasks_of_five_agents_take_three_rounds() {
    assert_eq!(equal_tasks(count(12), positive(1.0), count(5)), 3.0);
    assert_eq!(equal_tasks(count(12), positive(0.5), count(12)), 0.5);
    let free = |most| sync(0.0, Shape::Linear).optimum_of_equal_tasks(count(12), positive(1.0), count(most));
    assert_eq!(free(5), Optimum { agents: count(4), time: 3.0 });
    assert_eq!(free(100), Optimum { agents: count(12), time: 1.0 });
    // Not unimodal: 6 beats 5 and 7.
    let cost = sync(0.1, Shape::Linear);
    let time = |k| equal_tasks(count(12), positive(1.0), count(k)) + cost.at(count(k));
    assert!(time(4) < time(5) && time(6) < time(5) && time(6) < time(7));
    let large =
        sync(1e-9, Shape::Tree).optimum_of_equal_tasks(count(u32::MAX), positive(1.0), count(u32::MAX));
    assert_eq!(large.agents, count(u32::MAX));
}

#[test]
fn a_table_is_checked_and_read_along_lines() {
    let table = |values: &[f64]| Table::new(values.to_vec());
    assert_eq!(table(&[]), Err(NotAShape::Empty));
    assert_eq!(table(&[0.5, 1.0]), Err(NotAShape::Lone(0.5)));
    assert_eq!(table(&[0.0, 2.0, 1.5]), Err(NotAShape::Falls { agents: 3, value: 1.5, before: 2.0 }));
    assert_eq!(table(&[0.0, 1e61]), Err(NotAShape::Magnitude { agents: 2, value: 1e61 }));
    assert!(matches!(table(&[0.0, f64::NAN]), Err(NotAShape::Magnitude { agents: 2, .. })));
    assert!(matches!(table(&[f64::NAN]), Err(NotAShape::Lone(_))));
    assert_eq!(table(&[0.0, -1.0]), Err(NotAShape::Magnitude { agents: 2, value: -1.0 }));
    let falls = NotAShape::Falls { agents: 3, value: 1.5, before: 2.0 }.to_string();
    assert_eq!(falls, "g(3) is 1.5, less than the 2 of one agent fewer");
    assert!(Table::of(|k| f64::from(k).sin(), count(4)).is_err());
    let table = Table::of(|k| f64::from(k * k - 1), count(4)).expect("never falling");
    assert_eq!(Table::new(vec![0.0, 3.0, 8.0, 15.0]), Ok(table.clone()));
    let shape = Shape::Measured(table);
    let read = [1.0, 1.5, 2.0, 3.75, 4.0, 9.0].map(|k| shape.at(agents(k)));
    assert_eq!(read, [0.0, 1.5, 3.0, 13.25, 15.0, 15.0]);
    // Nothing is known of more agents than four, so no more are proposed.
    let cost = sync(1e-3, shape);
    assert_eq!((cost.known(), sync(1.0, Shape::Tree).known()), (count(4), count(u32::MAX)));
    assert_eq!(cost.optimum(&load(100.0, 1.0), count(50)).agents, count(4));
    assert_eq!(cost.break_even(&load(100.0, 1.0), count(50)).map(|it| it.most), Some(count(4)));
    assert_eq!(cost.real_optimum(&load(100.0, 1.0)), None);
}

#[test]
fn nothing_is_infinite_at_the_ends_of_the_domains() {
    let ends = [(1e-60, 1e-60), (1e60, 1e-60), (1e60, 1e60)];
    let power = |a| Shape::Power(Exponent::new(a).expect("an exponent"));
    for shape in shapes().into_iter().chain([power(1e-60), power(16.0)]) {
        for (work, span) in ends {
            for price in [0.0, 1e-60, 1.0, 1e60] {
                let (cost, load, most) = (sync(price, shape.clone()), load(work, span), count(u32::MAX));
                let optimum = cost.optimum(&load, most);
                assert!(optimum.time.is_finite() && optimum.time <= work && optimum.time >= span);
                assert!(cost.real_optimum(&load).is_none_or(f64::is_finite));
                assert!(cost.time(&load, most).is_finite());
                cost.break_even(&load, most);
                cost.optimum_of_equal_tasks(most, positive(span), most);
            }
        }
    }
}
