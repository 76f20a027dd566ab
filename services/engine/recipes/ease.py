"""EASE: the item-item weights that best rebuild every user's items from the user's other items, in closed form.

Source: H. Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.linalg import lapack

from services.engine.recipes.histories import Floats


def ease(interactions: sp.csr_matrix, ridge: float) -> Floats:
    """Item-item weights with an empty diagonal: scores are `query @ weights`.

    Shapes   interactions (n_users, n_items), returns (n_items, n_items), float32.
    Memory   two dense matrices of the result's size.
    """
    precision = _precision(interactions, ridge)
    diagonal = np.diag_indices_from(precision)
    weights = precision / -precision[diagonal]
    weights[diagonal] = 0
    return np.ascontiguousarray(weights, dtype=np.float32)


def _precision(interactions: sp.csr_matrix, ridge: float) -> Floats:
    """The inverse of the items' Gram matrix plus the ridge, through the smaller of its two forms."""
    n_users, n_items = interactions.shape
    if n_items <= n_users:
        return _inverse(_gram(interactions.T, ridge))
    # Woodbury: fewer users than items need only an inverse of the users' size.
    inner = _inverse(_gram(interactions, ridge))
    precision: Floats = -(interactions.T @ np.ascontiguousarray((interactions.T @ inner).T))
    precision[np.diag_indices_from(precision)] += 1
    return precision / np.float32(ridge)


def _gram(rows: sp.csr_matrix, ridge: float) -> Floats:
    gram: Floats = (rows @ rows.T).toarray().astype(np.float32)
    gram[np.diag_indices_from(gram)] += np.float32(ridge)
    return gram


def _inverse(positive: Floats) -> Floats:
    """The inverse of a symmetric positive definite matrix, which is overwritten. Takes 3/8 of a general inverse."""
    # The transpose of a symmetric matrix is itself, in the column order that LAPACK works on in place.
    factor, failed = lapack.spotrf(positive.T, lower=True, clean=False, overwrite_a=True)
    inverse, failed = (factor, failed) if failed else lapack.spotri(factor, lower=True, overwrite_c=True)
    if failed:
        raise np.linalg.LinAlgError("the Gram matrix is not positive definite; give a larger ridge")
    upper = np.triu_indices_from(inverse, 1)
    inverse[upper] = inverse.T[upper]
    return np.asarray(inverse)
