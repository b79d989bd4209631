# mclust behind the same lines as peer_worker.py: Rscript peer_worker.R FILE ROWS FEATURES COMPONENTS
#
# `start SEED` is Mclust with its defaults and one covariance matrix for each component (VVV). Above
# 2,000 rows its hierarchical start uses a random subset, so that seeds differ; below, seeds above 0
# start from random pairs. `sweep SEED` fits G = 1, ..., COMPONENTS in one call; the parameters of
# every G are read afterwards. `models SEED` is the same over all fourteen models, time only.
suppressMessages(library(mclust))
arguments <- commandArgs(trailingOnly = TRUE)
n <- as.integer(arguments[2]); d <- as.integer(arguments[3]); K <- as.integer(arguments[4])
X <- matrix(readBin(arguments[1], "double", n * d), n, d)

initialization <- function(seed) {
  set.seed(seed)
  if (n <= 2000 && seed > 0) list(hcPairs = hcRandomPairs(X, seed = seed)) else NULL
}
fit_of <- function(seed, G, models = "VVV") {
  if (length(G) > 1) {
    return(mclustBIC(X, G = G, modelNames = models, initialization = initialization(seed),
                     verbose = FALSE))
  }
  Mclust(X, G = G, modelNames = models, initialization = initialization(seed), verbose = FALSE)
}
answer <- function(seconds, fits) {
  cat(seconds)
  for (fit in fits) if (!is.null(fit)) {
    p <- fit$parameters
    weights <- if (is.null(p$pro)) 1 else p$pro
    cat("", sprintf("%.17g", c(weights, p$mean, p$variance$sigma)))
  }
  cat("\n")
}
invisible(fit_of(0, min(K, 2)))
cat("ready", as.character(packageVersion("mclust")), "\n")
lines <- file("stdin", "r")
while (length(line <- readLines(lines, 1)) > 0) {
  words <- strsplit(line, " ")[[1]]
  seed <- as.integer(words[2])
  begin <- proc.time()[["elapsed"]]
  if (words[1] == "start") {
    fit <- fit_of(seed, K)
    fits <- list(fit)
  } else if (words[1] == "continue") {
    control <- emControl(tol = c(0.01 / abs(fit$loglik), sqrt(.Machine$double.eps)))
    fit <- em(data = X, modelName = fit$modelName, parameters = fit$parameters, control = control)
    fits <- list(fit)
  } else {
    table <- fit_of(seed, 1:K, if (words[1] == "sweep") "VVV" else NULL)
    fits <- NULL
  }
  seconds <- proc.time()[["elapsed"]] - begin
  if (words[1] == "sweep") fits <- lapply(1:K, function(k) summary(table, X, G = k))
  answer(seconds, fits)
}
