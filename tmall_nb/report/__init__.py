"""Reports: notebooks run with checked parameters, results saved, pages exported, an index over all of them."""
