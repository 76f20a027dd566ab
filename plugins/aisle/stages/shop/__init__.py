"""Shop: the workflow of the shop page, a task per step, started by hand.

Reads   the live lists of similar items, popular products, regions; or the campaign that the params name.
Writes  `serving.shop_requests`: the request and its answer, which the serving API shows at /shop/requests/<user id>.
"""
