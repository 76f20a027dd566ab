"""EASE: the item-item weights that best predict each user's items from the user's other items, in closed form.

Source: H. Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import scipy.sparse as sp
from scipy.linalg import lapack

from services.engine.recipes.histories import Floats
from services.engine.recipes.kernels import add_outer, regress

#: Maximum number of items for which models use EASE, whose weights take 4 bytes per pair of items.
MAX_DENSE_ITEMS = 16_000
#: The smoothing at the service's default of `hidden_dimension`.
RIDGE, DEFAULT_DIMENSION = 300.0, 149


def ridge_of(options: Mapping[str, str]) -> float:
    """Return the smoothing for a solution's `hidden_dimension`: the higher the dimension, the less smoothing."""
    return RIDGE * DEFAULT_DIMENSION / float(options.get("hidden_dimension", DEFAULT_DIMENSION))


def ease(interactions: sp.csr_matrix, ridge: float) -> Floats:
    """Learn item-item weights with an empty diagonal; scores are `query @ weights`.

    Shapes   interactions (n_users, n_items) of ones, returns (n_items, n_items), float32.
    Memory   one dense matrix of the result's size; two with fewer users than items.
    """
    precision = _precision(interactions, ridge)
    regress(precision)
    return precision


def _precision(interactions: sp.csr_matrix, ridge: float) -> Floats:
    """Return the upper half of the inverse of the items' Gram matrix plus the ridge, by the smaller of two forms."""
    n_users, n_items = interactions.shape
    if n_items <= n_users:
        return _inverse(_gram(interactions, ridge))
    # Woodbury: fewer users than items need only an inverse of the users' size.
    inner = _inverse(_gram(sp.csr_matrix(interactions.T), ridge))
    np.add(np.triu(inner), np.triu(inner, 1).T, out=inner)
    precision: Floats = -(interactions.T @ np.ascontiguousarray((interactions.T @ inner).T))
    precision[np.diag_indices_from(precision)] += 1
    precision /= np.float32(ridge)
    return precision


def _gram(rows: sp.csr_matrix, ridge: float) -> Floats:
    """Count the rows that two columns share, and add the ridge to the diagonal."""
    gram = np.zeros((rows.shape[1], rows.shape[1]), np.float32)
    add_outer(rows.indptr.astype(np.int64), rows.indices.astype(np.int32), gram)
    gram[np.diag_indices_from(gram)] += np.float32(ridge)
    return gram


def _inverse(positive: Floats) -> Floats:
    """Return the upper half of the inverse of a symmetric positive definite matrix, and overwrite the matrix."""
    # The transpose of a symmetric matrix is itself, in the column order that LAPACK works on in place.
    factor, failed = lapack.spotrf(positive.T, lower=True, clean=False, overwrite_a=True)
    inverse, failed = (factor, failed) if failed else lapack.spotri(factor, lower=True, overwrite_c=True)
    if failed:
        raise np.linalg.LinAlgError("the Gram matrix is not positive definite; give a larger ridge")
    return np.asarray(inverse.T)
