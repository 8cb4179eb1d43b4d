//! The law with its coefficients, and what follows from it with Little's law (Little, "A proof for the
//! queuing formula L = lambda W", 1961): `k` agents at throughput `X` take `R = k / X` for each thing.

/// `X(k) = lambda k / (1 + sigma (k - 1) + kappa k (k - 1))`, for `k` from 1 on.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Usl {
    lambda: f64,
    sigma: f64,
    kappa: f64,
}

/// Where throughput is highest.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Peak {
    /// With so many agents.
    pub k: f64,
    /// What it is.
    pub throughput: f64,
}

/// A number for which something is not defined.
#[derive(Clone, Copy, PartialEq, Debug, thiserror::Error)]
#[error("{what} is {value}, but must be {domain}")]
pub struct OutOfDomain {
    /// What it is.
    pub what: &'static str,
    /// Its value.
    pub value: f64,
    /// What it must be.
    pub domain: &'static str,
}

impl Usl {
    /// The law with these coefficients: the throughput of one agent, contention, coherency.
    ///
    /// # Errors
    /// [`OutOfDomain`] unless `lambda > 0`, `0 <= sigma <= 1`, `kappa >= 0`, and all are finite.
    pub fn new(lambda: f64, sigma: f64, kappa: f64) -> Result<Self, OutOfDomain> {
        let finite = |value: f64| (0.0..f64::INFINITY).contains(&value);
        let checks = [
            ("lambda", lambda, finite(lambda) && lambda > 0.0, "finite, and more than 0"),
            ("sigma", sigma, (0.0..=1.0).contains(&sigma), "from 0 to 1"),
            ("kappa", kappa, finite(kappa), "finite, and 0 or more"),
        ];
        match checks.into_iter().find(|(.., holds, _)| !holds) {
            Some((what, value, _, domain)) => Err(OutOfDomain { what, value, domain }),
            None => Ok(Self { lambda, sigma, kappa }),
        }
    }

    /// The throughput of one agent, in things a unit of time.
    pub const fn lambda(&self) -> f64 {
        self.lambda
    }

    /// Contention: which part of the work is done by one at a time.
    pub const fn sigma(&self) -> f64 {
        self.sigma
    }

    /// Coherency: what each pair of agents costs, as a part of the work of one.
    pub const fn kappa(&self) -> f64 {
        self.kappa
    }

    /// What `k` agents do in a unit of time; at most the largest number that there is.
    ///
    /// # Errors
    /// [`OutOfDomain`] unless `k` is finite and 1 or more.
    pub fn throughput(&self, k: f64) -> Result<f64, OutOfDomain> {
        // Divided by k above and below: then no k is so large that its square overflows.
        Ok((self.lambda / self.of_each(from_one(k)?)).min(f64::MAX))
    }

    /// How long one thing takes when `k` agents are at work: `k / X(k)`, by Little's law; at most the
    /// largest number that there is.
    ///
    /// # Errors
    /// [`OutOfDomain`] unless `k` is finite and 1 or more.
    pub fn latency(&self, k: f64) -> Result<f64, OutOfDomain> {
        let k = from_one(k)?;
        Ok((self.of_each(k) / self.lambda * k).min(f64::MAX))
    }

    /// How many agents there are if one thing takes so long: the inverse of [`latency`](Self::latency).
    /// `None` if it never takes that with any number of agents from 1 on, or with each.
    ///
    /// # Errors
    /// [`OutOfDomain`] unless `latency` is finite and more than 0.
    pub fn agents_at_latency(&self, latency: f64) -> Result<Option<f64>, OutOfDomain> {
        let stretch = self.lambda * positive("latency", latency)?;
        if stretch < 1.0 || stretch.is_infinite() {
            return Ok(None);
        }
        // kappa k^2 + linear k = constant, for the root that is not negative.
        let (linear, constant) = (self.sigma - self.kappa, stretch - 1.0 + self.sigma);
        let root = libm::sqrt(linear * linear + 4.0 * self.kappa * constant);
        let k = if linear > 0.0 {
            2.0 * constant / (linear + root)
        } else {
            // There is no cancellation.
            (root - linear) / (2.0 * self.kappa)
        };
        Ok(Some(k).filter(|k| k.is_finite()).map(|k| k.max(1.0)))
    }

    /// The throughput when one thing takes so long: `k / R`, by Little's law.
    ///
    /// # Errors
    /// [`OutOfDomain`] unless `latency` is finite and more than 0.
    pub fn throughput_at_latency(&self, latency: f64) -> Result<Option<f64>, OutOfDomain> {
        Ok(self.agents_at_latency(latency)?.map(|k| k / latency).filter(|it| it.is_finite()))
    }

    /// How few agents reach this throughput: the inverse of [`throughput`](Self::throughput) from 1 to
    /// the [`peak`](Self::peak). `None` if it is less than that of one, or more than that of any.
    ///
    /// # Errors
    /// [`OutOfDomain`] unless `throughput` is finite and more than 0.
    pub fn agents_at_throughput(&self, throughput: f64) -> Result<Option<f64>, OutOfDomain> {
        let speed_up = positive("throughput", throughput)? / self.lambda;
        if speed_up <= 1.0 {
            return Ok((speed_up == 1.0).then_some(1.0));
        }
        // kappa k^2 - linear k + (1 - sigma) = 0, for the smaller root.
        let (linear, constant) = (1.0 / speed_up - self.sigma + self.kappa, 1.0 - self.sigma);
        let square = linear * linear - 4.0 * self.kappa * constant;
        // At the peak both roots are one, and the square is zero, but for what was rounded off: `linear`
        // is a difference of these.
        let off = 8.0 * f64::EPSILON * linear * (1.0 / speed_up + self.sigma + self.kappa);
        let rounded = if square.abs() <= off { 0.0 } else { square };
        let k = 2.0 * constant / (linear + libm::sqrt(rounded));
        // Without a real root it is no number, and before one agent there is no law.
        Ok(Some(k).filter(|k| linear > 0.0 && *k >= 1.0 && k.is_finite()))
    }

    /// Where throughput is highest: at `sqrt((1 - sigma) / kappa)` agents, or with one, if that is
    /// less. `None` if there is no coherency, so that more agents never do less.
    pub fn peak(&self) -> Option<Peak> {
        let k = libm::sqrt((1.0 - self.sigma) / self.kappa).max(1.0);
        let throughput = self.throughput(k).ok()?;
        (self.kappa > 0.0).then_some(Peak { k, throughput })
    }

    /// What throughput comes near to with ever more agents, if there is no peak: `lambda / sigma`.
    /// `None` if there is a peak, or no limit.
    pub fn limit(&self) -> Option<f64> {
        let limit = self.lambda / self.sigma;
        Some(limit).filter(|limit| self.kappa == 0.0 && limit.is_finite())
    }

    /// How long a thing takes, in times of a lone agent, over `k`: at least the larger of `sigma` and
    /// `1 / k`, and never 0.
    fn of_each(&self, k: f64) -> f64 {
        ((1.0 - self.sigma) / k + self.sigma + self.kappa * (k - 1.0)).min(f64::MAX)
    }
}

fn from_one(k: f64) -> Result<f64, OutOfDomain> {
    let domain = "finite, and 1 or more";
    if (1.0..f64::INFINITY).contains(&k) { Ok(k) } else { Err(OutOfDomain { what: "k", value: k, domain }) }
}

fn positive(what: &'static str, value: f64) -> Result<f64, OutOfDomain> {
    let domain = "finite, and more than 0";
    if value > 0.0 && value < f64::INFINITY { Ok(value) } else { Err(OutOfDomain { what, value, domain }) }
}
