// Our mixture on standardised rows, the components summed out.
data {
  int<lower=1> N;
  int<lower=2> d;
  int<lower=2> K;
  matrix[N, d] x;
}
transformed data {
  matrix[d, N] x_t = x';
}
parameters {
  simplex[K] weights;
  matrix[K, d] means;
  matrix<lower=0>[K, d] scales;
  array[K] cholesky_factor_corr[d] corr_chol;
}
model {
  matrix[K, N] log_p;
  weights ~ dirichlet(rep_vector(2, K));
  to_vector(means) ~ normal(0, 3);
  to_vector(scales) ~ lognormal(-log(K) / d, 0.75);
  for (k in 1:K) {
    matrix[d, d] L = diag_pre_multiply(scales[k]', corr_chol[k]);
    corr_chol[k] ~ lkj_corr_cholesky(1);
    log_p[k] = log(weights[k]) - sum(log(diagonal(L)))
               - 0.5 * columns_dot_self(mdivide_left_tri_low(L, x_t - rep_matrix(means[k]', N)));
  }
  for (n in 1:N) {
    target += log_sum_exp(col(log_p, n));
  }
}
