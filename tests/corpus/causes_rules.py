"""What is wrong with the items by rules of libraries."""

CAUSES = {
    # rules_arrays.py
    "std_with_ddof_n": (("factor", "mean-sum"), ""),
    "cosine_similarity_pair_projection": (("exchanged", "norm", "other-slope"), ""),
    "logsumexp_with_weights_left_out": (("mask-scale", "dropped", "slope-forgotten"), ""),
    "det_of_rank_two_zero": (("zero",), ""),
    "det_of_rank_two_untransposed": (("transposed",), ""),
    "distance_of_power_unsigned": (("branch", "slope-forgotten", "places", "path-sign", "sign"), ""),
    "beta_density_whole": (("other-slope", "slope-at-output", "dropped"), ""),
    "zero_inflated_counts_plain": (("places", "dropped", "loss-term"), ""),
    "censored_from_above_ratio": (("quotient", "slope-forgotten", "dropped"), ""),
    "implicit_root_sign": (("sign",), ""),
    "gradient_of_samples_edges": (("places", "factor", "path-factor"), ""),
    "kronecker_product_reshaped": (("permuted",), ""),
    "normalised_jvp_mean": (("variance-mean", "dropped"), ""),
    # rules_doors.py
    "rotated_point_right": (("path-sign", "transposed", "other-slope"), ""),
    "rosenbrock_product_last": (("places", "doubled"), ""),
    "decay_hessian_gauss_newton": (("dropped", "loss-term"), ""),
    "circular_convolution_unconjugated": (("conjugate",), ""),
    "bordered_differences_last": (("places",), ""),
    "phase_misfit_radial": (("slope-forgotten", "conjugate", "factor"), ""),
    "phase_misfit_conjugate": (("conjugate",), ""),
    "complex_system_transposed": (("conjugate",), ""),
    "reaction_on_grid_square": (("factor", "path-factor", "power-rule"), ""),
    "lyapunov_equation_sign": (("sign",), ""),
    "spherical_bessel_order": (("other-slope",), ""),
    "voigt_profile_sum_real": (("conjugate", "other-slope", "dropped"), ""),
    "gated_cell_gate": (("slope-forgotten", "dropped", "path-factor"), ""),
}
