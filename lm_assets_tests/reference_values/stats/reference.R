# Known answers from R 4.2.2 and limma 3.54.1 (Debian: r-base-core, r-bioc-limma).
# Made with: Rscript reference.R > reference.txt
suppressMessages(library(limma))
put <- function(name, values) {
  cat(name, ":", paste(sprintf("%.17g", as.numeric(values)), collapse = " "), "\n", sep = " ")
}
a <- c(61.2, 58.9, 63.4, 60.1, 59.8)
b <- c(74.1, 69.9, 77.2, 80.3, 71.5, 73.0)
put("a", a)
put("b", b)

welch <- function(name, x, y) {
  r <- t.test(y, x)
  put(name, c(mean(y) - mean(x), r$statistic, r$parameter, r$p.value, r$conf.int))
}
welch("welch_raw", a, b)
welch("welch_log", log(a), log(b))

put("describe", c(mean(b), median(b), sd(b), sd(b) / mean(b), t.test(b)$conf.int,
                  quantile(b, c(0.05, 0.25, 0.75, 0.95), type = 7)))
spiky <- c(10.2, 9.7, 10.4, 31.0, 10.1, 9.9, 4.0, 10.3)
put("spiky", spiky)
q <- quantile(spiky, c(0.25, 0.75), type = 7)
fences <- c(q[1] - 1.5 * diff(q), q[2] + 1.5 * diff(q))
put("fences", fences)
put("outlier_indices", which(spiky < fences[1] | spiky > fences[2]) - 1)

d <- data.frame(y = a)
put("prediction", predict(lm(y ~ 1, d), data.frame(row.names = 1), interval = "prediction")[1, ])
# A one-run group has no spread of its own: the pooled t-test is the test of a new run.
put("new_run", {
  r <- summary(lm(y ~ g, data.frame(y = c(a, 70), g = c(0, 0, 0, 0, 0, 1))))$coefficients[2, ]
  r
})

p <- c(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
       0.5719, 0.6528, 0.7590, 1.0)
put("p", p)
put("q_bh", p.adjust(p, "BH"))
put("q_by", p.adjust(p, "BY"))

counts <- rbind(c(3, 5, 11, 5), c(0, 5, 6, 5), c(7, 10, 0, 4), c(12, 2.5, 30, 7.5))
for (i in 1:4) {
  k <- counts[i, ]
  put(paste0("counts_", i), k)
  g <- poisson.test(k[c(3, 1)], k[c(4, 2)], alternative = "greater")
  l <- poisson.test(k[c(3, 1)], k[c(4, 2)], alternative = "less")
  put(paste0("rates_", i), c(g$p.value, l$p.value, poisson.test(k[c(3, 1)], k[c(4, 2)])$conf.int))
}

tost <- function(x, y, low, high) {
  c(t.test(y, x, mu = low, alternative = "greater")$p.value,
    t.test(y, x, mu = high, alternative = "less")$p.value)
}
put("tost_log", tost(log(a), log(b), log(0.7), log(1.3)))
put("tost_points", tost(a, b, -15, 15))

put("power_delta", sapply(c(2, 3, 5, 12), function(n)
  power.t.test(n = n, sd = 1, power = 0.8, strict = TRUE, tol = 1e-10)$delta))
put("power_n", sapply(c(3, 1.5, 1, 0.5, 0.3), function(d)
  power.t.test(delta = d, sd = 1, power = 0.8, strict = TRUE, tol = 1e-10)$n))

base <- c(12.1, 30.4, 7.7, 101.3, 55.0, 8.8, 19.9, 44.2)
cand <- c(13.4, 36.6, 7.9, 119.8, 54.1, 10.3, 25.5, 50.1)
put("base", base)
put("cand", cand)
paired <- function(x, y) {
  r <- t.test(y, x, paired = TRUE)
  c(r$estimate, r$statistic, r$p.value, r$conf.int)
}
put("paired_raw", paired(base, cand))
put("paired_log", paired(log(base), log(cand)))
put("wilcoxon", wilcox.test(cand, base, paired = TRUE, exact = TRUE)$p.value)

series <- c(5.0, 5.2, 5.1, 5.6, 5.2, 5.9, 6.0, 5.8, 6.0, 6.4, 6.1, 6.9)
put("series", series)
k <- cor.test(seq_along(series), series, method = "kendall", exact = FALSE, continuity = TRUE)
put("mann_kendall", c(k$statistic, k$p.value))
pairs <- combn(length(series), 2)
put("theil_sen", median((series[pairs[2, ]] - series[pairs[1, ]]) / (pairs[2, ] - pairs[1, ])))

moderated <- function(name, y, n1, n2) {
  design <- cbind(1, c(rep(0, n1), rep(1, n2)))
  fit <- eBayes(lmFit(y, design))
  put(paste0(name, "_y"), t(y))
  put(paste0(name, "_prior"), c(fit$df.prior, fit$s2.prior))
  put(paste0(name, "_t"), fit$t[, 2])
  put(paste0(name, "_p"), fit$p.value[, 2])
  put(paste0(name, "_df"), fit$df.total)
}
set.seed(11)
sds <- 0.1 * sqrt(6 / rchisq(24, 6))
moderated("varied", round(matrix(rnorm(24 * 9, 3, sds), 24), 6), 5, 4)
set.seed(12)
moderated("alike", round(matrix(rnorm(24 * 10, 3, 0.1), 24), 6), 5, 5)
set.seed(13)
s2 <- round(0.04 * rf(30, rep(c(3, 8, 5), 10), 4), 8)
fit <- fitFDist(s2, rep(c(3, 8, 5), 10))
put("fdist_s2", s2)
put("fdist", c(fit$df2, fit$scale))
